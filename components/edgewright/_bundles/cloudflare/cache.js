import{R as a}from"./chunk-VKF4EYMQ.js";import"./chunk-MSHLITHI.js";export{a as cache};
