package dev.cofferdam.gateway.prompt;

/**
 * One message of a conversation.
 *
 * @param role "system", "user" or "assistant"
 * @param content its text
 */
public record ChatMessage(String role, String content) {}
