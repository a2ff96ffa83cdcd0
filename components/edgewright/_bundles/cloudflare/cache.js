import{T as a}from"./chunk-RTWPA4MG.js";import"./chunk-MSHLITHI.js";export{a as cache};
