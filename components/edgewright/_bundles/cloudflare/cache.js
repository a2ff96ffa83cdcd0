import{T as a}from"./chunk-L5HIOSMM.js";import"./chunk-MSHLITHI.js";export{a as cache};
