package dev.cofferdam.local.command;

import dev.cofferdam.local.admin.AdminApi;
import dev.cofferdam.local.admin.RecordKind;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.ModelShift;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@code ./cofferdam admin shift}: another base model in the place of one, step by step. */
final class ShiftActions {
  private static final String USAGE = "admin shift to MODEL OTHER SHARE | end MODEL | status";

  private final AdminApi api;
  private final AdminOutput output;

  ShiftActions(AdminApi api, AdminOutput output) {
    this.api = api;
    this.output = output;
  }

  void run(Arguments arguments, String action) {
    List<String> words = arguments.words();
    List<String> rest = words.subList(Math.min(2, words.size()), words.size());
    switch (action + " " + rest.size()) {
      case "to 3" -> {
        ModelShift shift =
            ModelShift.newBuilder().setModel(rest.get(1)).setShare(share(rest.get(2))).build();
        put(known(rest.get(0)).toBuilder().setShift(shift));
      }
      case "end 1" -> put(known(rest.get(0)).toBuilder().clearShift());
      case "status 0" -> {
        Map<String, com.google.protobuf.Message> shifted = new TreeMap<>();
        api.list(RecordKind.MODEL)
            .forEach(
                (id, record) -> {
                  if (((Model) record).hasShift()) {
                    shifted.put(id, record);
                  }
                });
        output.records(shifted);
      }
      default -> throw new UsageException(USAGE);
    }
  }

  private void put(Model.Builder model) {
    output.record(api.put(model.build(), model.getRevision()));
  }

  private Model known(String id) {
    Model model = (Model) api.list(RecordKind.MODEL).get(id);
    if (model == null) {
      throw new UsageException("no model " + id);
    }
    return model;
  }

  private static double share(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new UsageException(text + " (expected: a share of the conversations, 0 to 1)");
    }
  }
}
