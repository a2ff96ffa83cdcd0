import{T as a}from"./chunk-7ZT4SLW5.js";import"./chunk-MSHLITHI.js";export{a as cache};
