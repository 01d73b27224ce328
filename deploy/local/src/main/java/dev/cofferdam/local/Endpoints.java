package dev.cofferdam.local;

import java.util.Map;

/**
 * Where the mesh is; {@code endpoints.json}.
 *
 * @param rest base URL of the REST edge
 * @param grpc host:port of the gateway's gRPC port
 * @param metering host:port of the usage service
 * @param audit host:port of the audit service
 * @param router host:port of the router
 * @param metrics URL of each process' metrics
 * @param operator files of the operator's identity: "certificate", "key"
 */
public record Endpoints(
    String rest,
    String grpc,
    String metering,
    String audit,
    String router,
    Map<String, String> metrics,
    Map<String, String> operator) {
  public Endpoints {
    metrics = Map.copyOf(metrics);
    operator = Map.copyOf(operator);
  }
}
