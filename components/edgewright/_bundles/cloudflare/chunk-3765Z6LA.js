import{v as t}from"./chunk-VKF4EYMQ.js";var n=r=>`url-${t(r.slice(r.indexOf("/",8))).slice(1)}`;export{n as a};
