import{v as t}from"./chunk-MOCXJCH6.js";var n=r=>`url-${t(r.slice(r.indexOf("/",8))).slice(1)}`;export{n as a};
