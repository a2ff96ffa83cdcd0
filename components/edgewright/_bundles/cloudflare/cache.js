import{T as a}from"./chunk-25SMAWNT.js";import"./chunk-MSHLITHI.js";export{a as cache};
