/**
 * Facts to Kafka through a crash-safe spool on disk, and views of compacted configuration topics
 * that go on without Kafka.
 */
@NullMarked
package dev.cofferdam.mesh.kafka;

import org.jspecify.annotations.NullMarked;
