package dev.cofferdam.gateway.ingress.anthropic;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import io.vertx.ext.web.Router;
import java.time.InstantSource;

/**
 * Anthropic's API: /v1/messages and /v1/messages/count_tokens. Any {@code anthropic-version} is
 * taken: what is offered has been the same in all of them.
 */
public final class AnthropicApi {
  private final RestEdge edge;
  private final Intake intake;
  private final Dialect dialect;

  /**
   * @param clock for the times at which limits are full again
   */
  public AnthropicApi(RestEdge edge, Intake intake, InstantSource clock) {
    this.edge = edge;
    this.intake = intake;
    this.dialect = new AnthropicDialect(clock);
  }

  /** Adds the routes. */
  public void mount(Router router) {
    edge.generate(router.post("/v1/messages"), "/v1/messages", dialect, MessagesQuery::read);
    edge.compute(
        router.post("/v1/messages/count_tokens"),
        "/v1/messages/count_tokens",
        dialect,
        (identity, body) ->
            JsonNodeFactory.instance
                .objectNode()
                .put("input_tokens", intake.count(identity, MessagesQuery.readCounted(body))));
    edge.unknown(router.route("/v1/messages"), "/v1/messages", dialect);
    edge.unknown(router.route("/v1/messages/*"), "/v1/messages/*", dialect);
  }
}
