// The REST edge as the official OpenAI SDK for Node sees it while it is refused at first:
// node retry.mjs <base URL> <key>. Prints what was answered in the end, and how often it was asked.
import OpenAI from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const statuses = [];
const client = new OpenAI({
  baseURL,
  apiKey,
  maxRetries: 8,
  fetch: async (...request) => {
    const response = await fetch(...request);
    statuses.push(response.status);
    return response;
  },
});
const answer = await client.chat.completions.create({
  model: 'support-desk', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 4,
});
console.log(`${answer.choices.length} choice after ${[...new Set(statuses)].join(' and ')}`);
