import{T as a}from"./chunk-CCR6I2ST.js";import"./chunk-MSHLITHI.js";export{a as cache};
