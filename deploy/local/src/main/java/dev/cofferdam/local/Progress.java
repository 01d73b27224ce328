package dev.cofferdam.local;

/** Told, in words, what the mesh is doing. Called from several threads. */
@FunctionalInterface
public interface Progress {
  /** A line for people. */
  void say(String line);
}
