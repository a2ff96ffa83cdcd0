import{T as a}from"./chunk-N2ESZ2WY.js";import"./chunk-MSHLITHI.js";export{a as cache};
