import{E as a}from"./chunk-CM2VJDWW.js";import"./chunk-MSHLITHI.js";export{a as cache};
