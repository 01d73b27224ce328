package dev.cofferdam.vocabulary;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Why a request is not served.
 *
 * @param code stable code
 * @param message for people; never content
 * @param parameter the request's field that is to blame
 * @param retryAfter after how long another try makes sense
 * @param metadata further facts for machines, such as limit, remaining and reset; never content
 */
public record Refusal(
    ErrorCode code,
    String message,
    Optional<String> parameter,
    Optional<Duration> retryAfter,
    Map<String, String> metadata) {

  public Refusal {
    metadata = Map.copyOf(metadata);
  }

  /** A refusal that says no more than its code and message. */
  public static Refusal of(ErrorCode code, String message) {
    return new Refusal(code, message, Optional.empty(), Optional.empty(), Map.of());
  }

  /** A refusal that blames a field of the request. */
  public static Refusal ofParameter(ErrorCode code, String parameter, String message) {
    return new Refusal(code, message, Optional.of(parameter), Optional.empty(), Map.of());
  }

  /** This refusal with a time after which another try makes sense. */
  public Refusal withRetryAfter(Duration wait) {
    return new Refusal(code, message, parameter, Optional.of(wait), metadata);
  }

  /** This refusal as an exception, for places where it must cross a callback. */
  public RefusedException asException() {
    return new RefusedException(this);
  }
}
