import{T as a}from"./chunk-RGREGOCP.js";import"./chunk-MSHLITHI.js";export{a as cache};
