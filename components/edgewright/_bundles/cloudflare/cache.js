import{R as a}from"./chunk-A6GWSMPQ.js";import"./chunk-MSHLITHI.js";export{a as cache};
