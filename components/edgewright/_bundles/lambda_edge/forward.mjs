import{a,b,c}from"./chunk-Y5LKMFYK.mjs";import"./chunk-FKQ6SEJR.mjs";import"./chunk-VWWMWREP.mjs";export{c as forward,a as forwards,b as originsFor};
