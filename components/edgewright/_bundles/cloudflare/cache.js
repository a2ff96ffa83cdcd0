import{T as a}from"./chunk-EEZBPGDB.js";import"./chunk-MSHLITHI.js";export{a as cache};
