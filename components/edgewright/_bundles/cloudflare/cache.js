import{R as a}from"./chunk-FQMKZXNJ.js";import"./chunk-MSHLITHI.js";export{a as cache};
