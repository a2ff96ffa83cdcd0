import{Q as a}from"./chunk-7M4VZMRW.js";import"./chunk-MSHLITHI.js";import"./chunk-OXDHHHRH.js";import"./chunk-AU2OOXA6.js";export{a as cache};
