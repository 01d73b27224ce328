package dev.cofferdam.mesh.store;

/**
 * A fact that cannot be stored, kept by its place and never by its content; the record itself stays
 * in Kafka for as long as the topic retains it.
 *
 * @param topic the topic
 * @param partition the partition
 * @param offset the offset
 * @param reason which rule it broke; never a value of the fact
 */
public record RejectedFact(String topic, int partition, long offset, String reason) {}
