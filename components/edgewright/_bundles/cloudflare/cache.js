import{T as a}from"./chunk-NHKVV4WJ.js";import"./chunk-MSHLITHI.js";export{a as cache};
