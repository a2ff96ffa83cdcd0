import{R as a}from"./chunk-NXQ455NA.js";import"./chunk-MSHLITHI.js";export{a as cache};
