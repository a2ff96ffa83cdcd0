import{R as a}from"./chunk-CJ2JJGVW.js";import"./chunk-MSHLITHI.js";export{a as cache};
