export { jwt } from "../../core/features/jwt";
