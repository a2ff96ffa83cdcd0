import{R as a}from"./chunk-IGLB77R4.js";import"./chunk-MSHLITHI.js";export{a as cache};
