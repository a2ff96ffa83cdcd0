export { sessions } from "../../core/features/sessions";
