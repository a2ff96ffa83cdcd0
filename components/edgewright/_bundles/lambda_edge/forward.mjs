import{a,b,c}from"./chunk-A5JKBZN3.mjs";import"./chunk-RJ4ZGXDH.mjs";import"./chunk-KH5LZHQJ.mjs";export{c as forward,a as forwards,b as originsFor};
