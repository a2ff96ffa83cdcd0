import settings from "edgewright:settings";

interface Request {
  uri: string;
  headers: Record<string, { key?: string; value: string }[]>;
}

// CloudFront's own event: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
export async function handler(event: { Records: [{ cf: { request: Request } }] }) {
  const { request } = event.Records[0].cf;
  const asked = (request.headers["accept-language"]?.[0]?.value ?? "").slice(0, 2).toLowerCase();
  const language = settings.languages.includes(asked) ? asked : settings.languages[0];
  return {
    status: "302",
    headers: { location: [{ value: `/pages/${language}` }], "cache-control": [{ value: "no-store" }] },
  };
}
