package dev.cofferdam.local.command;

import dev.cofferdam.local.admin.AdminApi;
import dev.cofferdam.local.admin.RecordKind;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.PromoteRolloutRequest;
import dev.cofferdam.proto.admin.v1.ReportQualityRequest;
import dev.cofferdam.proto.admin.v1.RollBackRolloutRequest;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutServiceGrpc.RolloutServiceBlockingStub;
import dev.cofferdam.proto.admin.v1.StartRolloutRequest;
import dev.cofferdam.proto.admin.v1.WeighRolloutRequest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code ./cofferdam admin rollout}: another version of an adapter for a share of conversations.
 */
final class RolloutActions {
  private static final String USAGE =
      "admin rollout start TENANT/NAME FOLDER WEIGHT | weight TENANT/NAME WEIGHT"
          + " | quality TENANT/NAME current|new SCORE SAMPLES | promote TENANT/NAME"
          + " | rollback TENANT/NAME [REASON] | status [TENANT/NAME]";

  private final AdminApi api;
  private final AdminOutput output;

  RolloutActions(AdminApi api, AdminOutput output) {
    this.api = api;
    this.output = output;
  }

  void run(Arguments arguments, String action) {
    List<String> words = arguments.words();
    List<String> rest = words.subList(Math.min(2, words.size()), words.size());
    if (action.equals("status")) {
      status(rest);
      return;
    }
    String[] key = (rest.isEmpty() ? "" : rest.getFirst()).split("/", -1);
    if (key.length != 2) {
      throw new UsageException(USAGE);
    }
    output.record(changed(action, key[0], key[1], rest.subList(1, rest.size())));
  }

  private Adapter changed(String action, String tenant, String name, List<String> rest) {
    RolloutServiceBlockingStub rollouts = api.rollouts();
    return switch (action + " " + rest.size()) {
      case "start 2" ->
          rollouts
              .startRollout(
                  StartRolloutRequest.newBuilder()
                      .setTenant(tenant)
                      .setName(name)
                      .setRollout(
                          Rollout.newBuilder()
                              .setFolder(rest.get(0))
                              .setWeight(weight(rest.get(1))))
                      .build())
              .getAdapter();
      case "weight 1" ->
          rollouts
              .weighRollout(
                  WeighRolloutRequest.newBuilder()
                      .setTenant(tenant)
                      .setName(name)
                      .setWeight(weight(rest.get(0)))
                      .build())
              .getAdapter();
      case "quality 3" ->
          rollouts
              .reportQuality(
                  ReportQualityRequest.newBuilder()
                      .setTenant(tenant)
                      .setName(name)
                      .setVersion(version(tenant + "/" + name, rest.get(0)))
                      .setScore(number(rest.get(1), "a mean score, 0 to 1"))
                      .setSamples((int) number(rest.get(2), "a number of answers"))
                      .build())
              .getAdapter();
      case "promote 0" ->
          rollouts
              .promoteRollout(
                  PromoteRolloutRequest.newBuilder().setTenant(tenant).setName(name).build())
              .getAdapter();
      case "rollback 0", "rollback 1" ->
          rollouts
              .rollBackRollout(
                  RollBackRolloutRequest.newBuilder()
                      .setTenant(tenant)
                      .setName(name)
                      .setReason(rest.isEmpty() ? "by an operator" : rest.get(0))
                      .build())
              .getAdapter();
      default -> throw new UsageException(USAGE);
    };
  }

  /** The adapters that have a rollout, running or ended. */
  private void status(List<String> rest) {
    Map<String, com.google.protobuf.Message> shown = new TreeMap<>();
    api.list(RecordKind.ADAPTER)
        .forEach(
            (key, record) -> {
              if (((Adapter) record).hasRollout() && (rest.isEmpty() || rest.contains(key))) {
                shown.put(key, record);
              }
            });
    output.records(shown);
  }

  /** The digest that a word stands for. */
  private String version(String key, String word) {
    Adapter adapter = (Adapter) api.list(RecordKind.ADAPTER).get(key);
    return switch (word) {
      case "current" -> adapter == null ? "" : adapter.getVersion();
      case "new" -> adapter == null ? "" : adapter.getRollout().getVersion();
      default -> throw new UsageException(USAGE);
    };
  }

  private static double weight(String text) {
    return number(text, "a share of the conversations, 0 to 1");
  }

  private static double number(String text, String expected) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new UsageException(text + " (expected: " + expected + ")");
    }
  }
}
