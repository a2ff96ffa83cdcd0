import{d as a,e as b,f as c}from"./chunk-K2FSVPN2.mjs";import"./chunk-PSTXLQ7N.mjs";export{c as forward,a as forwards,b as originsFor};
