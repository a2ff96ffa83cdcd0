import{a,b,c}from"./chunk-EJ35D36B.mjs";import"./chunk-FKQ6SEJR.mjs";import"./chunk-VWWMWREP.mjs";export{c as forward,a as forwards,b as originsFor};
