import{u as t}from"./chunk-7M4VZMRW.js";var n=r=>`url-${t(r.slice(r.indexOf("/",8))).slice(1)}`;export{n as a};
