// testkube runs one program of a real Kubernetes control plane, chosen by the first argument.
// The tests start it as plain processes, so they need neither Docker nor a cluster.
package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

const usage = "usage: testkube etcd DIR CLIENT_URL | testkube apiserver FLAG... | testkube controllers FLAG..."

func main() {
	if len(os.Args) < 2 {
		fail(usage)
	}
	if os.Getenv("TESTKUBE_LIFELINE") == "stdin" {
		go exitWithParent()
	}
	program := os.Args[1]
	os.Args = append([]string{"kube-" + program}, os.Args[2:]...)
	switch program {
	case "etcd":
		if len(os.Args) != 3 {
			fail(usage)
		}
		if err := runEtcd(os.Args[1], os.Args[2]); err != nil {
			fail(err.Error())
		}
	case "apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "controllers":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	default:
		fail(usage)
	}
}

// exitWithParent ends this process when the one that holds the other end of stdin is gone, even if that was killed.
func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// runEtcd serves a throwaway etcd: no fsync, because the data does not outlive the test.
func runEtcd(dir, clientURL string) error {
	client, err := url.Parse(clientURL)
	if err != nil {
		return err
	}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"}

	config := embed.NewConfig()
	config.Dir = dir
	config.UnsafeNoFsync = true
	config.LogLevel = "error"
	config.ListenClientUrls = []url.URL{*client}
	config.AdvertiseClientUrls = []url.URL{*client}
	config.ListenPeerUrls = []url.URL{peer}
	config.AdvertisePeerUrls = []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	select {
	case err := <-server.Err():
		return err
	case <-stop:
		return nil
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
