import{v as t}from"./chunk-A6GWSMPQ.js";var n=r=>`url-${t(r.slice(r.indexOf("/",8))).slice(1)}`;export{n as a};
