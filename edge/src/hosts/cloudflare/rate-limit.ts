export { rateLimit } from "../../core/features/rate-limit";
