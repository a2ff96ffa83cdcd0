import{P as a}from"./chunk-TJMAZFQB.js";import"./chunk-MSHLITHI.js";export{a as cache};
