import{f as a,g as b,h as c}from"./chunk-743TLX7B.mjs";import"./chunk-KH5LZHQJ.mjs";export{c as forward,a as forwards,b as originsFor};
