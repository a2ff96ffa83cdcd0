import{T as a}from"./chunk-HGB5A4V7.js";import"./chunk-MSHLITHI.js";export{a as cache};
