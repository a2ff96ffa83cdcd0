import{P as a}from"./chunk-QV6UF22F.js";import"./chunk-MSHLITHI.js";export{a as cache};
