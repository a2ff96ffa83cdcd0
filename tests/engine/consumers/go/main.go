// The components as a Go program has them: by the package that Pulumi generates.
package main

import (
	"example.com/pulumi-edgewright/sdk/go/edgewright"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		nearest, err := edgewright.NewGeoRouter(ctx, "nearest", &edgewright.GeoRouterArgs{
			Origins: []edgewright.RegionOriginArgs{
				{Region: "us", Url: pulumi.String("https://us.example.com")},
				{Region: "eu", Url: pulumi.String("https://eu.example.com")},
			},
			Fallback: "us",
		})
		if err != nil {
			return err
		}
		pages, err := edgewright.NewCachePolicy(ctx, "pages", &edgewright.CachePolicyArgs{EdgeTtl: "1m"})
		if err != nil {
			return err
		}
		signed, err := edgewright.NewLambdaEdgeFunction(ctx, "signed", &edgewright.LambdaEdgeFunctionArgs{
			Code: edgewright.EdgeFunctionCodeArgs{
				Text: pulumi.StringRef("export const handler = async (event) => event.Records[0].cf.request;"),
			},
			Events: []edgewright.EdgeEvent{edgewright.EdgeEventViewerRequest},
		})
		if err != nil {
			return err
		}
		endpoint := edgewright.EndpointArgs{Path: "/api/*", Origin: nearest.Routing, Cache: pages.Spec}
		worker, err := edgewright.NewEdgeApi(ctx, "worker", &edgewright.EdgeApiArgs{
			Cloudflare: &edgewright.CloudflareApiOptionsArgs{
				AccountId: pulumi.String("0123456789abcdef0123456789abcdef"),
			},
			Endpoints: []edgewright.EndpointArgs{endpoint},
		})
		if err != nil {
			return err
		}
		endpoint.Cloudfront = &edgewright.CloudfrontEndpointOptionsArgs{Functions: []pulumi.Input{signed.Association}}
		host := edgewright.HostCloudfront
		site, err := edgewright.NewEdgeApi(ctx, "site", &edgewright.EdgeApiArgs{
			Host:      &host,
			Endpoints: []edgewright.EndpointArgs{endpoint},
		})
		if err != nil {
			return err
		}
		ctx.Export("settings", worker.Settings)
		ctx.Export("site", site.Urls)
		ctx.Export("version", signed.Version)
		return nil
	})
}
