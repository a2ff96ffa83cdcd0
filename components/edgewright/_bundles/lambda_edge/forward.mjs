import{f as a,g as b,h as c}from"./chunk-URP52PJF.mjs";import"./chunk-PSTXLQ7N.mjs";export{c as forward,a as forwards,b as originsFor};
