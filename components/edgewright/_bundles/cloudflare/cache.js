import{U as a}from"./chunk-WO6BVOIB.js";import"./chunk-MSHLITHI.js";export{a as cache};
