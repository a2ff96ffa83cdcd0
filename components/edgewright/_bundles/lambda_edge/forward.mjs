import{a,b,c}from"./chunk-24M3QYM3.mjs";import"./chunk-PAJY2RNY.mjs";import"./chunk-VWWMWREP.mjs";export{c as forward,a as forwards,b as originsFor};
