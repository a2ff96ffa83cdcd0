import{R as a}from"./chunk-MOCXJCH6.js";import"./chunk-MSHLITHI.js";export{a as cache};
