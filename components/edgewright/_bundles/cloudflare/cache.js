import{R as a}from"./chunk-HKH4OY3U.js";import"./chunk-MSHLITHI.js";export{a as cache};
