import{a,b,c}from"./chunk-D7IYG4SX.mjs";import"./chunk-3OMXI2EQ.mjs";import"./chunk-KH5LZHQJ.mjs";export{c as forward,a as forwards,b as originsFor};
