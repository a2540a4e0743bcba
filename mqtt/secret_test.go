package mqtt_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"dunlin/mqtt"
)

func TestPasswordIsNotShownWithItsConfig(t *testing.T) {
	cfg := mqtt.Config{Username: "joe", Password: []byte("hunter2")}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("config", "password", cfg.Password, "all", cfg)
	encoded, err := json.Marshal(cfg.Password)
	must(t, err)
	shown := fmt.Sprintf("%v %+v %#v %s %s", cfg, cfg, cfg, cfg.Password, encoded) + logged.String()
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, "104 117 110") || strings.Contains(shown, "0x68, 0x75") {
		t.Errorf("the password is in %s", shown)
	}
	if !strings.Contains(shown, "[secret]") {
		t.Error("that there is one is not shown")
	}
}
