// The REST edge as the official OpenAI SDK for Node sees it: node openai.mjs <base URL> <key>.
// Prints a line for what holds; fails at the first that does not.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = 'support-desk';
const messages = [{ role: 'user', content: 'How do I print a return label?' }];
const greedy = { model, messages, temperature: 0, max_tokens: 40 };

async function holds(what, check) {
  await check();
  console.log(`ok ${what}`);
}

const whole = await client.chat.completions.create(greedy);
const text = whole.choices[0].message.content;

await holds('a chat completion has text and usage', () => {
  assert.ok(text.length > 0);
  assert.ok(whole.usage.completion_tokens > 0);
});

await holds('a stream has the same text and ends with its usage', async () => {
  let streamed = '';
  let usage;
  const stream = await client.chat.completions.create({
    ...greedy, stream: true, stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    streamed += chunk.choices[0]?.delta?.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(streamed, text);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});

await holds('the streaming helper puts the message together', async () => {
  const message = await client.chat.completions.stream(greedy).finalMessage();
  assert.equal(message.content, text);
});

await holds('several choices and log-probabilities', async () => {
  const answer = await client.chat.completions.create({
    ...greedy, n: 2, logprobs: true, top_logprobs: 2, max_tokens: 4,
  });
  assert.equal(answer.choices.length, 2);
  assert.equal(answer.choices[0].logprobs.content[0].top_logprobs.length, 2);
});

await holds('a stop text ends the answer before it', async () => {
  const stop = text.slice(8, 12);
  const answer = await client.chat.completions.create({ ...greedy, stop });
  assert.equal(answer.choices[0].message.content, text.slice(0, text.indexOf(stop)));
  assert.equal(answer.choices[0].finish_reason, 'stop');
});

await holds('a completion continues its prompt', async () => {
  const answer = await client.completions.create({
    model, prompt: 'Your parcel', max_tokens: 4, temperature: 0, logprobs: 1,
  });
  assert.equal(answer.object, 'text_completion');
  assert.equal(answer.choices[0].logprobs.tokens.length, answer.choices[0].logprobs.token_logprobs.length);
});

await holds('a response, whole and streamed', async () => {
  const ask = { model, input: messages[0].content, temperature: 0, max_output_tokens: 40, store: false };
  const response = await client.responses.create(ask);
  assert.equal(response.output_text, text);
  const final = await client.responses.stream(ask).finalResponse();
  assert.equal(final.output_text, text);
  assert.equal(final.usage.output_tokens, response.usage.output_tokens);
});

await holds('embeddings are unit vectors', async () => {
  const { data } = await client.embeddings.create({ model, input: ['Where is it?', 'Print a label'] });
  assert.equal(data.length, 2);
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  assert.ok(Math.abs(dot(data[1].embedding, data[1].embedding) - 1) < 1e-4);
  assert.ok(dot(data[0].embedding, data[1].embedding) < 0.9999);
});

await holds('a batch of embeddings', async () => {
  const line = { custom_id: 'a', method: 'POST', url: '/v1/embeddings', body: { model, input: 'Hello' } };
  const file = await client.files.create({
    purpose: 'batch', file: new File([JSON.stringify(line)], 'lines.jsonl'),
  });
  let batch = await client.batches.create({
    input_file_id: file.id, endpoint: '/v1/embeddings', completion_window: '24h',
  });
  for (let i = 0; i < 300 && batch.status === 'in_progress'; i++) {
    await new Promise(resolve => setTimeout(resolve, 100));
    batch = await client.batches.retrieve(batch.id);
  }
  assert.equal(batch.status, 'completed');
  const answer = JSON.parse(await (await client.files.content(batch.output_file_id)).text());
  assert.equal(answer.custom_id, 'a');
  assert.ok(answer.response.body.data[0].embedding.length > 0);
});

await holds('errors are of their classes', async () => {
  await assert.rejects(
    client.chat.completions.create({ ...greedy, model: 'nope' }), OpenAI.NotFoundError);
  await assert.rejects(
    client.chat.completions.create({ ...greedy, temperature: 9 }),
    (e) => e instanceof OpenAI.BadRequestError && e.param === 'temperature');
  await assert.rejects(
    client.responses.create({ model, input: 'x', store: true }),
    (e) => e instanceof OpenAI.BadRequestError && e.param === 'store');
  const stranger = new OpenAI({ baseURL, apiKey: 'nobody', maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

await holds('a client that does not wait gives up', async () => {
  await assert.rejects(
    client.chat.completions.create({ ...greedy, max_tokens: 1500, temperature: 1 }, { timeout: 1 }),
    OpenAI.APIConnectionTimeoutError);
});

await holds('models are listed', async () => {
  const ids = [];
  for await (const entry of client.models.list()) ids.push(entry.id);
  assert.ok(ids.includes(model));
});
